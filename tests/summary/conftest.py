import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # known_nets.py, for a process too

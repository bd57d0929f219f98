# Whole programs, run by test_torchkeras.py in folders of their own. Looked through for examples
# they would be imported, and so run and write their files where pytest was started.
collect_ignore = ["torchkeras_programs"]

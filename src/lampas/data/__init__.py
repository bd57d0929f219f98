"""How data reaches the step: whatever was passed becomes a feed of batches."""

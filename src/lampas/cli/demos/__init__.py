"""What `lampas demo` trains on, one kind of data a file."""

"""What the posts say, counted: accounts, brands, people. Everything here is read from the store."""

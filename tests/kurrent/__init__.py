"""A simulated KurrentDB: it tests the client and the protocol, not durability, clusters or the speed of a real server."""

"""A simulated KurrentDB: proves the client and the wire, nothing about durability, clusters or the real server's speed."""

"""The runtime in simulated time: recorded questions replayed at a device profile's speed, disturbed as recorded."""

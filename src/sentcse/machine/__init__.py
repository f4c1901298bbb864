"""The machine under it all: files written whole, locks, devices, cores, where files lie, the hub's presence."""

"""An attack on the package: damaged files, hostile options, kills, full disks; anyone can run it with `make attack`."""

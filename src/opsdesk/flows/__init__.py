"""The OSOP runtime: procedures are files, runs are journals of facts."""

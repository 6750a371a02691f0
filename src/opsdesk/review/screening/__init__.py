"""What tickets look like that risk operators configure: screening types, and their adapts to application and scene."""

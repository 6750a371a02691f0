"""What the review desk knows of the business around it: applications, scenes, methods, fields and reject codes."""

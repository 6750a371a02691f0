"""What every capability stands on, and nothing of the business."""

"""What the repository ships and is made from sources: models, images, schemas, checked locks."""

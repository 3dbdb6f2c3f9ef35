"""What recipes/image_folder.py makes of photos: data, teacher, students, a choice among them."""

"""A world to try Vitrine with: people, photographs and follows that are the same each time, and life in it."""

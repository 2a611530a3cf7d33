"""When exploration ends before all its trials, as the user asked: by the packs that were told, in their order."""

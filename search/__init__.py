"""The search: spaces, study, packs on Ray Tune, leaderboard and winner."""

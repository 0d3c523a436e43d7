"""From a plan to rollouts: one loop for any set of rows; forcing and stopping are small pure policies."""

"""From a trained model to the graph that is served: exported, quantised, and the best one chosen."""

"""From runs to a decision: two compared, sharing against none, advice on what to share, a front of trade-offs."""

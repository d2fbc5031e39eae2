"""Inside of formulas: tokens, trees, and rational functions of one constant; used through syntax and expressions."""

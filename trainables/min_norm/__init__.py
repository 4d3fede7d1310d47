"""Linear models with more features than examples: which of all exact fits does SGD find?"""

"""A server whose time stands still until somebody moves it: the same story gives the same bytes twice."""

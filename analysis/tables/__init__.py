"""What a result is and how its parts are named: tables, labels, figures as data."""

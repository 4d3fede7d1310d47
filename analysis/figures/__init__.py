"""The paper's figures, from the views: what is drawn, apart from how."""

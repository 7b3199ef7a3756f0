"""Training of the restorer that ships: pairs, losses and stages (`tools.train_restorer`)."""

"""What writing with a decoder takes that training and serving share."""

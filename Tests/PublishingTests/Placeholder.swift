// The tests of the app port.

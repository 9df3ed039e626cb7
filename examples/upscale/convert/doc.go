// Package convert turns a network of floating-point numbers into one of integers. It joins layers
// where that does not change the result, runs the network on example pictures to see how large
// its numbers become, and rounds the weights.
package convert

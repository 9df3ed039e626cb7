// Package network enlarges pictures with a convolutional network of integers. It describes the
// network, reads and writes its file, turns it into operations of the profile tensor/1 and runs
// them on a device, tile by tile.
package network

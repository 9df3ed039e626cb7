// Package picture reads PNG and JPEG files for a network, which knows three colours of eight
// bits, and writes what the network returns as PNG. It uses integers only.
package picture

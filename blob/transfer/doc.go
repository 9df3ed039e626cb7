// Package transfer moves content to and from relays and other web servers. It checks every
// byte against the digest that was asked for, and bounds every transfer in size and time.
package transfer

// Package soak runs a network of real programs for a long time while it disturbs the edge nodes:
// it kills daemons, cuts nodes off from the chain and starts the games of their owners. It
// reports whether an honest node lost more than the disturbances explain, whether a result was
// lost, and what daemons have left behind or keep for ever.
package soak

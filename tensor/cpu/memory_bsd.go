//go:build darwin || freebsd || netbsd

package cpu

// advise does nothing: these systems choose the size of pages themselves.
func advise([]byte) {}

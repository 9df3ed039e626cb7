package hosts

import (
	"net/url"
	"sync/atomic"
)

// Checker says which servers a machine may connect to.
type Checker interface {
	// Check returns an error that wraps ErrUnlisted if the server of an address is not one of them.
	Check(u *url.URL) error
}

// Allowed is a list that may be replaced while it is used.
type Allowed struct{ list atomic.Pointer[List] }

// NewAllowed returns a list that may be replaced.
func NewAllowed(l List) *Allowed {
	a := &Allowed{}
	a.Replace(l)
	return a
}

// Replace puts another list in place. Requests that have begun go on.
func (a *Allowed) Replace(l List) { a.list.Store(&l) }

// Check implements Checker.
func (a *Allowed) Check(u *url.URL) error { return a.list.Load().Check(u) }

var (
	_ Checker = List{}
	_ Checker = (*Allowed)(nil)
)

package owner

import "fmt"

// sessionSees returns why a process in a session of Windows does not see what belongs to its owner; nil if it does.
// Services have session 0, in which nothing is ever used or shown: a reading there would say that the owner is away.
func sessionSees(session uint32, unseen string) error {
	if session == 0 {
		return fmt.Errorf("thetaedge runs as a service, which does not see %s; start it in the owner's session", unseen)
	}
	return nil
}

//go:build !unix

package rate

import "time"

// ownTime returns zero, because the system does not show processor times in the same way.
func ownTime() time.Duration { return 0 }

package web

import (
	"context"
	"net/http"
	"reflect"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/owner"
)

// rulesNow is what the owner's rules in the file do now.
type rulesNow struct {
	owner.Decision
	// Held reports whether something holds the machine back.
	Held bool
	// Later reports that the daemon works with other rules until it is started again.
	Later bool
	// Error explains why the decision is not known; empty if it is.
	Error string
}

// rulesNow looks at the machine with the rules of the settings file.
func (s *Server) rulesNow(r *http.Request) *rulesNow {
	ctx, cancel := context.WithTimeout(r.Context(), queryPatience)
	defer cancel()
	file, err := config.Load(s.cfg.Home, nil, s.cfg.Environ)
	if err != nil {
		return &rulesNow{Error: err.Error()}
	}
	now := &rulesNow{Later: !reflect.DeepEqual(file.Owner, s.cfg.Node.Running().Owner)}
	if now.Decision, err = s.cfg.Node.Judge(ctx, file.Owner); err != nil {
		now.Error = err.Error()
	}
	now.Held = now.Action != owner.Allow
	return now
}

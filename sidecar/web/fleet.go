package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/overview"
)

// fleetWait is the longest time for which the page waits for nodes. After that it shows the last answers.
const fleetWait = 3 * time.Second

// fleetPage is the page about the owner's nodes.
type fleetPage struct {
	// Absent reports that there is no list of nodes, and Fault says what is wrong with the list.
	Absent bool
	Fault  string
	// Table is nil before the nodes have answered.
	Table *fleet.Table
}

// fleet shows all nodes of the owner's list, those first that need attention.
func (s *Server) fleet(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), fleetWait)
	defer cancel()
	table, err := s.cfg.Fleet.Table(ctx)
	page := fleetPage{Table: table}
	switch {
	case errors.Is(err, fleet.ErrNoList):
		page.Absent = true
	case err != nil:
		page.Fault = err.Error()
	}
	s.show(w, r, http.StatusOK, "fleet", page)
}

// celsiusText and wattsText return a reading of a node, "" if it is not measured.
func celsiusText(s *overview.Snapshot) string { return measured(s.Celsius()) }
func wattsText(s *overview.Snapshot) string   { return measured(s.Watts()) }

func measured(value float64, known bool) string {
	if !known {
		return ""
	}
	return fmt.Sprintf("%.0f", value)
}

package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/store"
)

// receipt is the page about one assignment.
type receipt struct {
	*sidecarv1.Assignment
	Record store.Assignment
	// Exit is the exit code as people know it: -1 if the program did not exit by itself.
	Exit int32
	// Ending names the texts about how it ended: what it means, and what to do next time.
	Ending string
	// Fault reports whether the node has lost bond or pay by its own fault.
	Fault bool
	// Cost is the price of the electricity, "" if it is not known.
	Cost string
	// Carbon is the estimate of the greenhouse gases of the electricity, "" if it is not known.
	Carbon string
}

// endingOf names the texts about the end of an assignment.
func endingOf(a *sidecarv1.Assignment) (ending string, fault bool) {
	switch a.Outcome {
	case "paid", "unpaid", "released":
		return a.Outcome, false
	case "slashed", "missed", "no_reveal":
		return a.Outcome, true
	case "yielded":
		return a.Outcome, false
	case "":
	default:
		return "ended", false // the task ended without a verdict on this node
	}
	switch a.Phase {
	case store.PhaseReleased.String():
		return "undrawn", false
	case store.PhaseFailed.String():
		return "failed", false
	}
	return "open", false
}

// receipt shows one assignment.
func (s *Server) receipt(w http.ResponseWriter, r *http.Request) {
	key, err := keyOf(r)
	if err != nil {
		s.missing(w, r, "receipt.none")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), queryPatience)
	defer cancel()
	shown, record, err := s.cfg.Node.Job(ctx, key)
	switch {
	case errors.Is(err, store.ErrNotFound):
		s.missing(w, r, "receipt.none")
		return
	case err != nil:
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	page := receipt{Assignment: shown, Record: record, Exit: int32(shown.ExitCode)} //nolint:gosec // the bits are meant
	page.Ending, page.Fault = endingOf(shown)
	if shown.EnergySource != "" {
		page.Cost, page.Carbon = s.electricityOf(shown.EnergyMj), s.carbonOf(shown.EnergyMj)
	}
	s.show(w, r, http.StatusOK, "receipt", page)
}

// keyOf reads the key of an assignment in the path of a request.
func keyOf(r *http.Request) (store.Key, error) {
	task, err := strconv.ParseUint(r.PathValue("task"), 10, 64)
	if err != nil {
		return store.Key{}, err
	}
	round, err := strconv.ParseUint(r.PathValue("round"), 10, 32)
	return store.Key{JobID: r.PathValue("job"), Task: task, Round: uint32(round)}, err
}

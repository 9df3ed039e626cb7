package web

import (
	"context"
	"net/http"
	"slices"

	sidecarv1 "github.com/thetaedge/theta/sidecar/api/v1"
	"github.com/thetaedge/theta/sidecar/store"
)

// jobsPerPage is the number of rows of the list of jobs.
const jobsPerPage = 50

// jobList is the page with the list of jobs.
type jobList struct {
	Rows []*sidecarv1.Assignment
	// Phases contains the phases to choose from, and Phase is the chosen one or "".
	Phases []string
	Phase  string
	// Token names this page and Next the following one; both may be "".
	Token, Next string
}

// jobs lists assignments, newest first.
func (s *Server) jobs(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), queryPatience)
	defer cancel()
	list := jobList{Phase: r.URL.Query().Get("phase"), Token: r.URL.Query().Get("page")}
	for _, phase := range store.Phases() {
		list.Phases = append(list.Phases, phase.String())
	}
	if !slices.Contains(list.Phases, list.Phase) {
		list.Phase = ""
	}
	res, err := s.cfg.Node.Jobs(ctx, &sidecarv1.JobsRequest{Phase: list.Phase, PageSize: jobsPerPage, PageToken: list.Token})
	if err != nil {
		s.fault(w, r, http.StatusBadRequest, err)
		return
	}
	list.Rows, list.Next = res.Assignments, res.NextPageToken
	s.show(w, r, http.StatusOK, "jobs", list)
}

package web

import "net/http"

// pause makes the node claim nothing new.
func (s *Server) pause(w http.ResponseWriter, r *http.Request) { s.control(w, r, s.pausing(false)) }

// suspend makes the programs stand still too.
func (s *Server) suspend(w http.ResponseWriter, r *http.Request) { s.control(w, r, s.pausing(true)) }

// resume ends a pause.
func (s *Server) resume(w http.ResponseWriter, r *http.Request) {
	s.control(w, r, s.cfg.Node.Resume)
}

func (s *Server) pausing(suspend bool) func() error {
	return func() error { return s.cfg.Node.Pause(suspend) }
}

// control does what a button says and shows the first page again.
func (s *Server) control(w http.ResponseWriter, r *http.Request, do func() error) {
	if err := do(); err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	s.reasons.forget()
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

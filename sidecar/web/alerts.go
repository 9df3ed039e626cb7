package web

import "net/http"

// alerts shows what needed attention, and whether alerts arrive.
func (s *Server) alerts(w http.ResponseWriter, r *http.Request) {
	s.show(w, r, http.StatusOK, "alerts", s.cfg.Alerts())
}

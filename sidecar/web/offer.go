package web

import "github.com/thetaedge/theta/sidecar/config"

// offer is a change of settings that the owner can take with one click.
type offer struct {
	// Effects are its consequences, and Values what to write.
	Effects []effect
	Values  map[string]string
	// Base names the file that the owner has seen.
	Base string
}

// offer returns the rules that are recommended for a computer that a person uses. It returns nil if the settings have rules, or
// do not work.
func (s *Server) offer(w words) *offer {
	recommended := config.DesktopRules()
	draft, err := config.NewDraft(s.cfg.Home, s.cfg.Environ, recommended)
	if err != nil {
		return nil
	}
	if rules, err := draft.Old.Owner.Rules(); err != nil || !rules.Empty() {
		return nil
	}
	now, err := config.Values(s.cfg.Home)
	if err != nil {
		return nil
	}
	made := &offer{Values: recommended, Base: draft.Base()}
	for _, g := range formOf(now) {
		for _, f := range g.Fields {
			if value, is := recommended[f.Key]; is {
				old := f.Value
				f.Value = value
				made.Effects = append(made.Effects, effectOf(w, f, old))
			}
		}
	}
	return made
}

package web

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/thetaedge/theta/client"
	"github.com/thetaedge/theta/sidecar/config"
)

// effect says what a change of a setting does.
type effect struct {
	Key, Old, New, Sentence string
	// Later reports that it counts from the next start of the daemon on.
	Later bool
}

// settingsPage is the form of the settings.
type settingsPage struct {
	Groups []group
	// Faults contains what is wrong with the values that were sent.
	Faults []fault
	// Saved reports that a change has just been written.
	Saved bool
	// Restart contains the settings with which the daemon does not work as the file says.
	Restart []string
	// Rules says what the owner's rules in the file do now; nil if that was not asked.
	Rules *rulesNow
	// Effects and Values are set before a change is written: its consequences, and what to write.
	Effects []effect
	Values  map[string]string
	// Base names the file that the owner has seen.
	Base string
	// Declare reports that the chain has to be told about the change, with the command Register.
	Declare  bool
	Register string
	// Later reports that at least one of Effects is.
	Later bool
	// Path is the settings file, and Command restarts the node.
	Path, Command string
}

// settings shows the form with the values of the file.
func (s *Server) settings(w http.ResponseWriter, r *http.Request) {
	values, err := config.Values(s.cfg.Home)
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	page := s.settingsPage(values)
	if page.Saved = r.URL.Query().Get("saved") == "yes"; page.Saved {
		page.Rules = s.rulesNow(r)
	}
	s.show(w, r, http.StatusOK, "settings", page)
}

// settingsPage returns the form with values.
func (s *Server) settingsPage(values map[string]string) settingsPage {
	page := settingsPage{
		Groups: formOf(values), Path: config.FileName,
		Command: "thetaedge start --home " + client.ShellQuote(s.cfg.Home),
	}
	// Flags of the running daemon take precedence over the file, and are a reason to differ too.
	if file, err := config.Load(s.cfg.Home, nil, s.cfg.Environ); err == nil {
		page.Restart = file.Differences(s.cfg.Node.Running())
	}
	return page
}

// sent returns the values of a form, with those of the file for settings that the form does not contain.
func (s *Server) sent(r *http.Request) (all, sent map[string]string, err error) {
	all, err = config.Values(s.cfg.Home)
	if err != nil {
		return nil, nil, err
	}
	sent = map[string]string{}
	for _, g := range formOf(all) {
		for _, f := range g.Fields {
			if list, has := r.PostForm[f.Key]; has && len(list) > 0 {
				sent[f.Key] = strings.TrimSpace(strings.ReplaceAll(list[len(list)-1], "\r\n", "\n"))
				all[f.Key] = sent[f.Key]
			}
		}
	}
	return all, sent, nil
}

// checkSettings shows what the values of a form would do, or what is wrong with them. It writes
// nothing.
func (s *Server) checkSettings(w http.ResponseWriter, r *http.Request) {
	now, err := config.Values(s.cfg.Home)
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	all, sent, err := s.sent(r)
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	draft, err := config.NewDraft(s.cfg.Home, s.cfg.Environ, sent)
	if err != nil {
		s.refuse(w, r, all, err)
		return
	}
	page := s.settingsPage(all)
	if !draft.Changes() {
		s.show(w, r, http.StatusOK, "settings", page)
		return
	}
	_, words := s.language(r)
	page.Values = map[string]string{}
	for _, g := range page.Groups {
		for _, f := range g.Fields {
			if f.Value == now[f.Key] {
				continue
			}
			page.Values[f.Key] = f.Value
			e := effectOf(words, f, now[f.Key])
			page.Effects, page.Later = append(page.Effects, e), page.Later || e.Later
		}
	}
	page.Declare, page.Base, page.Register = declared(draft), draft.Base(), s.registerCommand()
	s.show(w, r, http.StatusOK, "confirm", page)
}

// declared reports whether a draft changes limits that the chain tells requesters.
func declared(d config.Draft) bool {
	was, is := d.Old.Policy, d.New.Policy
	// These are the owner's own business.
	was.Grants, was.OwnRiskPrograms, was.DenyRequesters = is.Grants, is.OwnRiskPrograms, is.DenyRequesters
	return !reflect.DeepEqual(was, is)
}

// effectOf says what a change does: a sentence of its own if there is one, or the old value and the new one.
func effectOf(words words, f field, old string) effect {
	said := func(value string) string {
		switch {
		case value == "":
			return words.text("settings.empty")
		case f.Shape == onOff && value == "true":
			return words.text("settings.yes")
		case f.Shape == onOff:
			return words.text("settings.no")
		case words.has("choice." + f.Key + "." + value):
			return words.text("choice." + f.Key + "." + value)
		}
		return strings.ReplaceAll(value, "\n", ", ")
	}
	out := effect{Key: f.Key, Old: said(old), New: said(f.Value), Later: !config.Reloadable(f.Key)}
	key := "effect." + f.Key
	switch {
	case (f.Value == "" || f.Value == "0" || f.Value == "0B") && words.has(key+"-none"):
		key += "-none"
	case f.Value == "true" && words.has(key+"-on"):
		key += "-on"
	case f.Value == "false" && words.has(key+"-off"):
		key += "-off"
	}
	if !words.has(key) {
		key = "effect.other"
	}
	out.Sentence = words.text(key, "old", out.Old, "new", out.New)
	return out
}

// fault is something that is wrong with the values, and the setting that it is about; "" if there is none.
type fault struct{ Text, Field string }

// blame marks a setting if the fault is about it.
func (t *fault) blame(f *field) {
	// The decoder puts the name between quotes.
	for _, begin := range []string{f.Key + ":", "'" + f.Key + "'"} {
		if rest, is := strings.CutPrefix(t.Text, begin); is {
			f.Fault, t.Field = strings.TrimSpace(rest), f.ID()
		}
	}
}

// refuse shows the form with the values that were sent and what is wrong with them.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, values map[string]string, err error) {
	page := s.settingsPage(values)
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	for _, text := range lines {
		if text = strings.TrimSpace(text); text == "" || len(lines) > 1 && strings.HasSuffix(text, ":") {
			continue // the first line of a list
		}
		page.Faults = append(page.Faults, fault{Text: text})
	}
	for i := range page.Groups {
		for j := range page.Groups[i].Fields {
			f := &page.Groups[i].Fields[j]
			for k := range page.Faults {
				page.Faults[k].blame(f)
			}
		}
	}
	s.show(w, r, http.StatusUnprocessableEntity, "settings", page)
}

// saveSettings writes the values of a form.
func (s *Server) saveSettings(w http.ResponseWriter, r *http.Request) {
	s.saving.Lock()
	defer s.saving.Unlock()
	all, sent, err := s.sent(r)
	if err != nil {
		s.fault(w, r, http.StatusInternalServerError, err)
		return
	}
	draft, err := config.NewDraft(s.cfg.Home, s.cfg.Environ, sent)
	if err != nil {
		s.refuse(w, r, all, err)
		return
	}
	if r.PostForm.Get("base") != draft.Base() {
		s.refuse(w, r, all, fmt.Errorf("nothing was changed: %w", config.ErrChanged))
		return
	}
	switch err := draft.Write(); {
	case errors.Is(err, config.ErrChanged):
		s.refuse(w, r, all, err)
		return
	case err != nil:
		s.refuse(w, r, all, fmt.Errorf("nothing was changed: %w", err))
		return
	}
	s.cfg.Logger.Info("the settings were changed in the dashboard", "settings", len(sent))
	// They are written. Those that are not in force now are named by the page that follows, and by the log.
	if _, err := s.cfg.Node.Reload(r.Context()); err != nil {
		s.cfg.Logger.Warn("the new settings count only after the daemon was started again", "error", err)
	}
	s.reasons.forget()
	http.Redirect(w, r, "/settings?saved=yes", http.StatusSeeOther)
}

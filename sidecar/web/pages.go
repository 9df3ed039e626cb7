package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/thetaedge/theta/sidecar/config"
	"github.com/thetaedge/theta/sidecar/earnings"
	"github.com/thetaedge/theta/sidecar/fleet"
	"github.com/thetaedge/theta/sidecar/forecast"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var assets embed.FS

// layout is the template that surrounds the others.
const layout = "layout.html"

// pages contains the templates of all pages in all languages.
type pages struct {
	setting string
	words   map[string]words
	// sheets contains a set of templates for each language and page.
	sheets map[string]map[string]*template.Template
}

// newPages reads all templates and texts.
func newPages(setting string) (*pages, error) {
	p := &pages{setting: setting, words: map[string]words{}, sheets: map[string]map[string]*template.Template{}}
	names, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		return nil, err
	}
	stamp, err := assetStamp()
	if err != nil {
		return nil, err
	}
	for _, lang := range config.Languages() {
		if p.words[lang], err = readWords(lang); err != nil {
			return nil, err
		}
		p.sheets[lang] = map[string]*template.Template{}
		for _, name := range names {
			page := path.Base(name)
			if page == layout || strings.HasPrefix(page, "_") {
				continue
			}
			sheet, err := template.New(layout).Funcs(functions(p.words[lang], stamp)).ParseFS(templateFiles, "templates/"+layout, "templates/_*.html", name)
			if err != nil {
				return nil, fmt.Errorf("template %s: %w", name, err)
			}
			p.sheets[lang][strings.TrimSuffix(page, ".html")] = sheet
		}
	}
	return p, nil
}

// functions returns what templates can call.
func functions(w words, stamp string) template.FuncMap {
	return template.FuncMap{
		"t":      w.text,
		"has":    w.has,
		"asset":  func(name string) string { return "/static/" + name + "?v=" + stamp },
		"amount": earnings.AmountText,
		"pay":    earnings.PayText,
		"rate":   rateText,
		"coins":  forecast.Amount,
		"span":   spanText,
		"moment": momentText,
		"stamp":  stampText,
		"energy": energyText,
		"count":  countText,
		// Amounts and readings of the owner's other nodes.
		"short": fleet.Short, "celsius": celsiusText, "watts": wattsText,
		"seconds": func(n int64) string { return spanText(uint64(max(0, n)) * 1000) }, //nolint:gosec // not negative
		"rounded": func(n float64) string { return fmt.Sprintf("%.0f", n) },
		// Readings of cards are pointers, because they may be missing.
		"whole":      func(n *int64) int64 { return *n },
		"thousandth": func(n *int64) string { return fmt.Sprintf("%.0f", float64(*n)/1000) },
		"size":       sizeText,
		"bytes":      func(n *int64) string { return sizeText(uint64(max(0, *n))) }, //nolint:gosec // not negative
		"mib":        sizeText,
		"count64": func(n int64) string {
			return countText(uint64(max(0, n))) //nolint:gosec // not negative
		},
	}
}

// assetStamp returns a text that changes with the files, so that browsers may keep them.
func assetStamp() (string, error) {
	sum := sha256.New()
	err := fs.WalkDir(assets, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := assets.ReadFile(name)
		sum.Write(content)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil))[:12], err
}

// staticFiles serves the embedded files, and no lists of them.
func staticFiles() http.Handler {
	files := http.FileServerFS(assets)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		info, err := fs.Stat(assets, strings.TrimPrefix(path.Clean(r.URL.Path), "/"))
		if err != nil || info.IsDir() {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "private, max-age=86400, immutable")
		files.ServeHTTP(w, r)
	})
}

// view is what a template shows.
type view struct {
	// Page is the name of the page, Lang its language.
	Page, Lang string
	// Form is the token of the session's forms.
	Form string
	// Private reports whether the owner sees the page.
	Private bool
	Body    any
}

// language returns the language for a request, and its words.
func (s *Server) language(r *http.Request) (string, words) {
	lang := languageOf(s.pages.setting, r.Header.Get("Accept-Language"))
	return lang, s.pages.words[lang]
}

// show answers with a page.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, page string, body any) {
	s.render(w, r, status, page, layout, body)
}

// part answers with a part of a page, which a template of the page defines.
func (s *Server) part(w http.ResponseWriter, r *http.Request, page, part string, body any) {
	s.render(w, r, http.StatusOK, page, part, body)
}

func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, page, name string, body any) {
	lang, _ := s.language(r)
	v := view{Page: page, Lang: lang, Body: body}
	if session, is := r.Context().Value(sessionKey{}).(string); is {
		v.Private, v.Form = true, s.access.formToken(session)
	}
	var out bytes.Buffer
	if err := s.pages.sheets[lang][page].ExecuteTemplate(&out, name, v); err != nil {
		s.cfg.Logger.Error("the dashboard cannot show a page", "page", page, "error", err)
		http.Error(w, "the page cannot be shown; the log says why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", lang)
	w.Header().Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	// The browser may be gone. In this case the error cannot be reported to it.
	_, _ = out.WriteTo(w)
}

// fault answers with an error that the owner can do something about.
func (s *Server) fault(w http.ResponseWriter, r *http.Request, status int, err error) {
	s.show(w, r, status, "fault", trouble{Text: err.Error(), Foreign: true})
}

// trouble is what did not work.
type trouble struct {
	Text string
	// Foreign reports that the text is in English, whatever the language of the page is.
	Foreign bool
}

// missing answers a request for what is not there, with a text of the pages.
func (s *Server) missing(w http.ResponseWriter, r *http.Request, key string) {
	_, words := s.language(r)
	s.show(w, r, http.StatusNotFound, "fault", trouble{Text: words.text(key)})
}

// nothing answers requests for pages that do not exist.
func (s *Server) nothing(w http.ResponseWriter, r *http.Request) {
	s.missing(w, r, "fault.nothing")
}

package blob

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// passHeader carries the pass of an upload.
	passHeader = "Theta-Upload"
	// passVersion begins it, and the message that its signature is over.
	passVersion = "theta.upload/1"
	// maxPassBytes bounds the header, maxPassField each name in it.
	maxPassBytes, maxPassField = 1024, 128
	// passLife is how long an upload's signature counts. Nodes and relays have clocks of
	// their own, so that it counts as long ahead too.
	passLife = 24 * time.Hour
)

// Signer signs for a worker of the chain.
type Signer interface {
	// Public returns the key's public part.
	Public() []byte
	// Sign returns the signature of a message.
	Sign(message []byte) ([]byte, error)
}

// Work is what an upload is the result of, and who signs for it. A node makes one for
// each result; what a relay answers never enters a message.
type Work struct {
	// Chain is the id of the chain, Job and Task what it shows its key at work on.
	Chain, Job string
	Task       uint64
	// Ended is the height at which the task ended, 0 before: the chain keeps no record of
	// who worked on the ended tasks of an array, but its blocks do.
	Ended  int64
	Signer Signer
}

// pass says who brings an upload, and for which task.
type pass struct {
	chain, job string
	task       uint64
	ended      int64
	// audience is the host that the upload is meant for, with its port.
	audience string
	// expires is in seconds of Unix time.
	expires        int64
	key, signature []byte
}

// message is what the signature of a pass is over. It is text and begins with a letter
// that no transaction begins with, so that no signature passes for one.
func (p *pass) message(k passKey) []byte {
	return fmt.Appendf(nil, "%s\nchain %s\njob %s\ntask %d\nended %d\nrelay %s\nbox %s\nsha256 %s\nsize %d\nexpires %d\n",
		passVersion, p.chain, p.job, p.task, p.ended, p.audience, k.box, k.digest, k.size, p.expires)
}

// passKey is what a pass is for.
type passKey struct {
	// box is the path of the drop box behind "/v1/drops/": its name, and its task if any.
	box    string
	digest Digest
	size   int64
}

// sign makes the pass of an upload to a drop box, and returns it as a header has it.
func (w *Work) sign(u *url.URL, digest Digest, size int64, now time.Time) (string, error) {
	box, ok := boxPath(u)
	if !ok {
		return "", nil // no drop box: presigned addresses need no pass
	}
	p := pass{
		chain: w.Chain, job: w.Job, task: w.Task, ended: w.Ended, audience: audienceOf(u.Scheme, u.Host),
		expires: now.Add(passLife).Unix(), key: w.Signer.Public(),
	}
	for _, field := range []string{p.chain, p.job, p.audience} {
		if !passField(field) {
			return "", fmt.Errorf("expected the names of chain, job and relay in a few plain characters, found %.40q", field)
		}
	}
	var err error
	if p.signature, err = w.Signer.Sign(p.message(passKey{box, digest, size})); err != nil {
		return "", fmt.Errorf("cannot sign an upload: %w", err)
	}
	return p.encode(), nil
}

func (p *pass) encode() string {
	return strings.Join([]string{
		passVersion, p.chain, p.job, strconv.FormatUint(p.task, 10), strconv.FormatInt(p.ended, 10), p.audience, strconv.FormatInt(p.expires, 10),
		base64.StdEncoding.EncodeToString(p.key), base64.StdEncoding.EncodeToString(p.signature),
	}, " ")
}

// parsePass reads what encode writes.
func parsePass(text string) (*pass, error) {
	fields := strings.Split(text, " ")
	if len(text) > maxPassBytes || len(fields) != 9 || fields[0] != passVersion {
		return nil, refusal(codeForbidden, "expected %s: %s CHAIN JOB TASK ENDED RELAY EXPIRES KEY SIGNATURE", passHeader, passVersion)
	}
	p := &pass{chain: fields[1], job: fields[2], audience: fields[5]}
	var errs [5]error
	p.task, errs[0] = strconv.ParseUint(fields[3], 10, 64)
	p.expires, errs[1] = strconv.ParseInt(fields[6], 10, 64)
	p.key, errs[2] = base64.StdEncoding.DecodeString(fields[7])
	p.signature, errs[3] = base64.StdEncoding.DecodeString(fields[8])
	p.ended, errs[4] = strconv.ParseInt(fields[4], 10, 64)
	for _, err := range errs {
		if err != nil {
			return nil, refusal(codeForbidden, "%s: expected numbers and base64, found something else", passHeader)
		}
	}
	for _, field := range []string{p.chain, p.job, p.audience} {
		if !passField(field) {
			return nil, refusal(codeForbidden, "%s: expected names of plain characters, found %.40q", passHeader, field)
		}
	}
	return p, nil
}

// passField tells whether a name can stand in a pass: what it holds is one word.
func passField(text string) bool {
	if text == "" || len(text) > maxPassField {
		return false
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return true
}

// passOf reads the pass of a request, nil for none.
func passOf(r *http.Request) (*pass, error) {
	text := r.Header.Get(passHeader)
	if text == "" {
		return nil, nil
	}
	return parsePass(text)
}

// Audience is how uploads that are signed for a relay name it: the host and port of its
// address.
func Audience(address string) (string, error) {
	u, err := webURL(address)
	if err != nil {
		return "", err
	}
	return audienceOf(u.Scheme, u.Host), nil
}

// audienceOf writes a host in one way: lower case, without the port that the scheme has
// anyway.
func audienceOf(scheme, host string) string {
	host = strings.ToLower(host)
	switch scheme {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":")
}

// boxPath returns the path of a drop box in the address of content in it, or in a sink.
func boxPath(u *url.URL) (string, bool) {
	_, below, found := strings.Cut(u.Path, dropsPath)
	if !found || u.RawQuery != "" {
		return "", false
	}
	// BOX, BOX/DIGEST, BOX/tasks/N or BOX/tasks/N/DIGEST
	parts := strings.Split(strings.TrimRight(below, "/"), "/")
	if _, err := ParseDigest(parts[0]); err != nil {
		return "", false
	}
	switch {
	case len(parts) <= 2:
		return parts[0], true
	case len(parts) <= 4 && "/"+parts[1]+"/" == taskPart:
		return parts[0] + taskPart + parts[2], true
	}
	return "", false
}

package blob

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	// PassHeader carries the pass of an upload.
	PassHeader = "Theta-Upload"
	// PassLife is how long an upload's signature counts. Nodes and relays have clocks of
	// their own, so that it counts as long ahead too.
	PassLife = 24 * time.Hour
	// passVersion begins it, and the message that its signature is over.
	passVersion = "theta.upload/1"
	// maxPassBytes bounds the header, maxPassField each name in it.
	maxPassBytes, maxPassField = 1024, 128
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

// Pass says who brings an upload, and for which task.
type Pass struct {
	// Chain, Job, Task and Ended are those of the Work.
	Chain, Job string
	Task       uint64
	Ended      int64
	// Audience is the host that the upload is meant for, with its port; see AudienceOf.
	Audience string
	// Expires is in seconds of Unix time.
	Expires int64
	// Key is the public key of the worker that signs, Signature that over Message.
	Key, Signature []byte
}

// Upload is what a pass is for.
type Upload struct {
	// Box is the path of the drop box; see BoxPath.
	Box    string
	Digest Digest
	// Size in bytes.
	Size int64
}

// Message is what the signature of a pass is over. It is text and begins with a letter
// that no transaction begins with, so that no signature passes for one.
func (p *Pass) Message(u Upload) []byte {
	return fmt.Appendf(nil, "%s\nchain %s\njob %s\ntask %d\nended %d\nrelay %s\nbox %s\nsha256 %s\nsize %d\nexpires %d\n",
		passVersion, p.Chain, p.Job, p.Task, p.Ended, p.Audience, u.Box, u.Digest, u.Size, p.Expires)
}

// Sign makes the pass of an upload to an address in a drop box, and returns it as
// PassHeader carries it; "" for other addresses, because presigned ones need no pass.
func (w *Work) Sign(u *url.URL, digest Digest, size int64, now time.Time) (string, error) {
	box, ok := BoxPath(u)
	if !ok {
		return "", nil
	}
	p := Pass{
		Chain: w.Chain, Job: w.Job, Task: w.Task, Ended: w.Ended, Audience: AudienceOf(u.Scheme, u.Host),
		Expires: now.Add(PassLife).Unix(), Key: w.Signer.Public(),
	}
	for _, field := range []string{p.Chain, p.Job, p.Audience} {
		if !passField(field) {
			return "", fmt.Errorf("expected the names of chain, job and relay in a few plain characters, found %.40q", field)
		}
	}
	var err error
	if p.Signature, err = w.Signer.Sign(p.Message(Upload{box, digest, size})); err != nil {
		return "", fmt.Errorf("cannot sign an upload: %w", err)
	}
	return p.encode(), nil
}

func (p *Pass) encode() string {
	return strings.Join([]string{
		passVersion, p.Chain, p.Job, strconv.FormatUint(p.Task, 10), strconv.FormatInt(p.Ended, 10), p.Audience, strconv.FormatInt(p.Expires, 10),
		base64.StdEncoding.EncodeToString(p.Key), base64.StdEncoding.EncodeToString(p.Signature),
	}, " ")
}

// ParsePass reads a pass as PassHeader carries it. It does not check the signature.
func ParsePass(text string) (*Pass, error) {
	fields := strings.Split(text, " ")
	if len(text) > maxPassBytes || len(fields) != 9 || fields[0] != passVersion {
		return nil, fmt.Errorf("expected %s: %s CHAIN JOB TASK ENDED RELAY EXPIRES KEY SIGNATURE", PassHeader, passVersion)
	}
	p := &Pass{Chain: fields[1], Job: fields[2], Audience: fields[5]}
	var errs [5]error
	p.Task, errs[0] = strconv.ParseUint(fields[3], 10, 64)
	p.Expires, errs[1] = strconv.ParseInt(fields[6], 10, 64)
	p.Key, errs[2] = base64.StdEncoding.DecodeString(fields[7])
	p.Signature, errs[3] = base64.StdEncoding.DecodeString(fields[8])
	p.Ended, errs[4] = strconv.ParseInt(fields[4], 10, 64)
	for _, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("%s: expected numbers and base64, found something else", PassHeader)
		}
	}
	for _, field := range []string{p.Chain, p.Job, p.Audience} {
		if !passField(field) {
			return nil, fmt.Errorf("%s: expected names of plain characters, found %.40q", PassHeader, field)
		}
	}
	return p, nil
}

// passField reports whether a name can stand in a pass: what it holds is one word.
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

package relay

import (
	"errors"
	"net/http"
	"strings"

	"github.com/thetaedge/theta/blob"
)

// proofSuffix ends the name of a task's proof.
const proofSuffix = ".proof"

// getArray serves the inputs of an array: "N.proof" is read off the array file that
// the first part of the path names by digest, anything else is a blob.
func (s *Server) getArray(w *answer, r *http.Request) error {
	number, isProof := strings.CutSuffix(r.PathValue("name"), proofSuffix)
	if !isProof {
		digest, err := blob.ParseDigest(r.PathValue("name"))
		if err != nil {
			return refusal(codeBadRequest, "expected TASK%s or the sha256 of content, found neither", proofSuffix)
		}
		return s.send(w, r, key{digest: digest})
	}
	array, err := blob.ParseDigest(r.PathValue("array"))
	if err != nil {
		return refusal(codeBadRequest, "array: %v", err)
	}
	task, err := blob.ParseTask(number)
	if err != nil {
		return refusal(codeBadRequest, "expected the number of a task before %s, found %.40q", proofSuffix, number)
	}
	file, drop, ok := s.vault.open(key{digest: array})
	if !ok {
		return refusal(codeNotFound, "no array file with sha256 %s here: never uploaded, or expired; upload it again", array)
	}
	defer file.Close() //nolint:errcheck // read only
	s.deadline(w, 0)
	proof, err := blob.ReadArrayProof(file, drop.Size, task)
	if errors.Is(err, blob.ErrNotArray) {
		return refusal(codeNotFound, "%v", err)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "public, immutable")
	writeJSON(w, http.StatusOK, proof)
	return nil
}

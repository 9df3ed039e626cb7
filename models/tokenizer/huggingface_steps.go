package tokenizer

import (
	"errors"
	"fmt"
)

// addNormal adds the steps of a normalizer.
func addNormal(spec *Spec, step *hfStep) error {
	if step == nil {
		return nil
	}
	switch step.Type {
	case "Sequence":
		for i := range step.Normalizers {
			if err := addNormal(spec, &step.Normalizers[i]); err != nil {
				return err
			}
		}
	case "NFC", "NFD", "NFKC", "NFKD":
		spec.Normal = append(spec.Normal, Normal{Form: step.Type})
	case "Prepend":
		spec.Normal = append(spec.Normal, Normal{Prepend: step.Prepend})
	case "Replace":
		if step.Pattern == nil || step.Pattern.String == nil {
			return errors.New("normalizer: expected a Replace of a text, found another pattern")
		}
		spec.Normal = append(spec.Normal, Normal{Replace: &Replace{Old: *step.Pattern.String, New: step.Content}})
	default:
		return fmt.Errorf("normalizer: expected a Unicode form, Prepend, Replace or a Sequence, found %q", step.Type)
	}
	return nil
}

// addSplit adds the steps of a pre-tokenizer.
func addSplit(spec *Spec, step *hfStep) error {
	if step == nil {
		return nil
	}
	if spec.Bytes {
		return fmt.Errorf("pre_tokenizer: expected ByteLevel as the last step, found %q behind it", step.Type)
	}
	switch step.Type {
	case "Sequence":
		for i := range step.PreTokenizers {
			if err := addSplit(spec, &step.PreTokenizers[i]); err != nil {
				return err
			}
		}
		return nil
	case byteForm:
		spec.Bytes = true
		if step.AddPrefix == nil || *step.AddPrefix {
			spec.Split = append(spec.Split, Split{Prefix: " "})
		}
		if step.UseRegex == nil || *step.UseRegex {
			spec.Split = append(spec.Split, Split{Pattern: gpt2Pattern, How: Isolated})
		}
		return nil
	case "Split":
		return addPattern(spec, step)
	case "Digits":
		how := "rows"
		if step.Individual {
			how = "each"
		}
		spec.Split = append(spec.Split, Split{Digits: how})
		return nil
	case "Metaspace":
		return addMetaspace(spec, step)
	}
	return fmt.Errorf("pre_tokenizer: expected ByteLevel, Split, Digits, Metaspace or a Sequence, found %q", step.Type)
}

func addPattern(spec *Spec, step *hfStep) error {
	s := Split{How: step.Behavior, Invert: step.Invert}
	switch {
	case step.Pattern != nil && step.Pattern.Regex != nil:
		s.Pattern = *step.Pattern.Regex
	case step.Pattern != nil && step.Pattern.String != nil:
		s.Pattern = quote(*step.Pattern.String)
	default:
		return errors.New("pre_tokenizer: expected a pattern of Split, found none")
	}
	spec.Split = append(spec.Split, s)
	return nil
}

func addMetaspace(spec *Spec, step *hfStep) error {
	scheme := step.Scheme
	if scheme == "" {
		scheme = "always"
		if step.AddPrefix != nil && !*step.AddPrefix {
			scheme = "never"
		}
	}
	if spec.Space != "" && spec.Space != step.Replacement {
		return fmt.Errorf("pre_tokenizer: expected one text for a space, found %q and %q", spec.Space, step.Replacement)
	}
	spec.Space = step.Replacement
	spec.Split = append(spec.Split, Split{Metaspace: scheme, Cut: step.Split == nil || *step.Split})
	return nil
}

// addDecoder notes what stands for a space, and refuses decoders that do not fit the words.
func addDecoder(spec *Spec, step *hfStep) error {
	steps := []hfStep{}
	if step != nil && step.Type == "Sequence" {
		steps = step.Decoders
	} else if step != nil {
		steps = append(steps, *step)
	}
	if spec.Bytes {
		if len(steps) != 1 || steps[0].Type != byteForm {
			return errors.New("decoder: expected ByteLevel for words of bytes, found another one")
		}
		return nil
	}
	if len(steps) == 0 {
		return errors.New("decoder: expected one, found none")
	}
	for _, s := range steps {
		switch {
		case s.Type == "ByteFallback", s.Type == "Fuse":
		case s.Type == "Replace" && s.Pattern != nil && s.Pattern.String != nil && s.Content == " " && (spec.Space == "" || spec.Space == *s.Pattern.String):
			spec.Space = *s.Pattern.String
		case s.Type == "Strip" && s.Content == " " && s.Start <= 1 && s.Stop == 0:
			spec.Strip = s.Start == 1
		case s.Type == "Metaspace" && (spec.Space == "" || spec.Space == s.Replacement):
			spec.Space = s.Replacement
			spec.Strip = s.Scheme != "never" && (s.AddPrefix == nil || *s.AddPrefix || s.Scheme != "")
		default:
			return fmt.Errorf("decoder: expected ByteLevel, Metaspace, or Replace (for a space), ByteFallback, Fuse and Strip, found %q", s.Type)
		}
	}
	return nil
}

// quote returns a pattern that matches a text.
func quote(text string) string {
	var pattern []rune
	for _, r := range text {
		if r < 0x80 && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r >= ' ' {
			pattern = append(pattern, '\\')
		}
		pattern = append(pattern, r)
	}
	return string(pattern)
}

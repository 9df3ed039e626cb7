package tensor

import "fmt"

// Code is the number of an operation in records. It is part of the profile.
type Code uint32

// Codes of the operations.
const (
	CodeGemm Code = iota + 1
	CodeExpand4
	CodeRescale
	CodeQuant
	CodeRMSNorm
	CodeLayerNorm
	CodeGroupNorm
	CodeRope
	CodeAttnScores
	CodeSoftmax
	CodeAttnValues
	CodeLookup
	CodeGate
	CodeConv2D
	CodeDepthwise2D
	CodeCopy
	CodeFill
	CodeCast
	CodeGather
	CodeBinary
	CodeClamp
	CodeLeaky
	CodeSum
	CodeArgmax
	CodeTopK
	CodeNoise
	lastCode = CodeNoise
)

// Codes returns the codes of all operations.
func Codes() []Code {
	codes := make([]Code, lastCode)
	for i := range codes {
		codes[i] = Code(i + 1)
	}
	return codes
}

// Op is an operation: a pointer to one of the structs of this package.
type Op interface {
	Code() Code
	// fields visits the operands and then the parameters.
	fields(w *words)
	// check says what the operation reads and writes, and finds parameters out of bounds.
	check(c *check)
	// work says how much the operation does.
	work() Work
}

// New returns an empty operation; nil if there is no such code.
func New(code Code) Op {
	if code == 0 || code > lastCode {
		return nil
	}
	return []func() Op{
		CodeGemm - 1:        func() Op { return &Gemm{} },
		CodeExpand4 - 1:     func() Op { return &Expand4{} },
		CodeRescale - 1:     func() Op { return &Rescale{} },
		CodeQuant - 1:       func() Op { return &Quant{} },
		CodeRMSNorm - 1:     func() Op { return &RMSNorm{} },
		CodeLayerNorm - 1:   func() Op { return &LayerNorm{} },
		CodeGroupNorm - 1:   func() Op { return &GroupNorm{} },
		CodeRope - 1:        func() Op { return &Rope{} },
		CodeAttnScores - 1:  func() Op { return &AttnScores{} },
		CodeSoftmax - 1:     func() Op { return &Softmax{} },
		CodeAttnValues - 1:  func() Op { return &AttnValues{} },
		CodeLookup - 1:      func() Op { return &Lookup{} },
		CodeGate - 1:        func() Op { return &Gate{} },
		CodeConv2D - 1:      func() Op { return &Conv2D{} },
		CodeDepthwise2D - 1: func() Op { return &Depthwise2D{} },
		CodeCopy - 1:        func() Op { return &Copy{} },
		CodeFill - 1:        func() Op { return &Fill{} },
		CodeCast - 1:        func() Op { return &Cast{} },
		CodeGather - 1:      func() Op { return &Gather{} },
		CodeBinary - 1:      func() Op { return &Binary{} },
		CodeClamp - 1:       func() Op { return &Clamp{} },
		CodeLeaky - 1:       func() Op { return &Leaky{} },
		CodeSum - 1:         func() Op { return &Sum{} },
		CodeArgmax - 1:      func() Op { return &Argmax{} },
		CodeTopK - 1:        func() Op { return &TopK{} },
		CodeNoise - 1:       func() Op { return &Noise{} },
	}[code-1]()
}

func (c Code) String() string {
	if c == 0 || c > lastCode {
		return fmt.Sprintf("operation %d", uint32(c))
	}
	return []string{
		"gemm", "expand4", "rescale", "quant", "rmsnorm", "layernorm", "groupnorm", "rope",
		"attn_scores", "softmax", "attn_values", "lookup", "gate", "conv2d", "depthwise2d",
		"copy", "fill", "cast", "gather", "binary", "clamp", "leaky", "sum", "argmax", "topk",
		"noise",
	}[c-1]
}

// Traced reports whether the sum over an operation's output goes into the trace.
func (c Code) Traced() bool {
	return c == CodeGemm || c == CodeConv2D || c == CodeDepthwise2D || c == CodeAttnValues
}

package chat

// knownTemplate is a template that is written in Go.
type knownTemplate struct {
	name   string
	render renderer
}

// known holds the templates that are written in Go, by the hash of their source.
// Some sources occur in two spellings: with line ends in strings written as such,
// and as \n.
var known = map[string]knownTemplate{
	"58c1a1f04baa7adaeaba1f90267c3d57d9396f0c1f0129bdde9e76d3c6784af7": {"chatml", chatML("")},
	"d7b5b8c7b58f7a6bf868aa46a5f73ee976d7292f40fcb9c3e7a1defd8d235cfb": {"chatml", chatML("")},
	"153280e3ff55d19da1398bdb3914ee2a51b80429bfaedde11d7d216c39db80f3": {"chatml", chatML("")},
	"fcf7a096fe99a48fd9ad2b250bf9237e96e8f48bffec1c7ea4d3f225176cd40e": {"chatml", chatML("")},
	"9780fae5bfea3cfd7be37d328c6edfd296a8869be8131495bbe7eb37e780c88c": {"llama-2", llama2},
	"e8d5b5a546d3f19df16a5320c614fab05bdc4edd50e850f1afd947b503ea41cf": {"llama-2", llama2},
	"b48c47f6443892716176eb200bf4ef108f64e06ca26ed0fa8ebc0a4b3992fcb2": {"llama-3-base", llama3(true)},
	"b75e17085cfc511ead6d4fab84b86ab3c168ec7a332568a91d0889cdcba94394": {"llama-3-base", llama3(true)},
	"93c0e9aa3629bbd77e68dbc0f5621f6e6b23aa8d74b932595cdb8d64684526d7": {"llama-3.1", llama31},
	"d82792f95932f1c9cef5c4bd992f171225e3bf8c7b609b4557c9e1ec96be819f": {"llama-3.2", llama31},
	"ba03a121d097859c7b5b9cd03af99aafe95275210d2876f642ad9929a150f122": {"llama-3", llama3(false)},
	"4f46ecd43418f216df8c26936c60e5d04bcc81db47db5d86fbe889f64212dd4c": {"llama-3", llama3(false)},
	"c7a94f505398612940c13ee95070d0d152bcb7b4afbd74a06ff148a82a02851c": {"mistral-tekken", mistralTekken.render},
	"e7deee034838db2bfc7487788a3013d8a307ab69f72f3c54a85f06fd76007d4e": {"mistral-tekken", mistralTekken.render},
	"7e995b379ec01747807246483647cd99030abf331653f1119e16d7ac041a3495": {"mistral-v0.1", mistral(" ")},
	"bbc58aad99454df60138be9530c9601a0adfe3d8932cda975e1f10b2410ddc51": {"mistral-v1", mistralV1.render},
	"cafb64e0e9e5fd2503054b3479593fae39cbdfd52338ce8af9bb4664a8eb05bd": {"mistral-v3", mistralV3.render},
	"3c4ad5fa60dd8c7ccdf82fa4225864c903e107728fcaf859fa6052cb80c92ee9": {"mistral-v7", mistralV7},
	"26a59556925c987317ce5291811ba3b7f32ec4c647c400c6cc7e3a9993007ba7": {"mixtral", mistral("")},
	"55b2f4a26ac9ee719330a61a0c39d9e538b0e9322212f048326318cff4f8674a": {"qwen2.5", qwen25},
	"87a2728cb8dc9fe424d624542f6060ec05a1d285ebbec578bb078900e33396b5": {"qwen3", qwen3},
	"872be49dbb638044ad01b60388f48d469ff2980e5f0dccdc22ec907db54d0788": {"smollm2", chatML(smolLMSystem)},
	"de9cde7d1b0ca0cc87459a6673e0d12fb89c070bdb24e4a30b6e4d187b226221": {"smollm2", chatML(smolLMSystem)},
}

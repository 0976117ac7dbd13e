-- The catalogue. `profiles` and `aliases` are lists, parted by '|'; the profiles '*' are all. `position` orders them.
CREATE TABLE document_types (
    code          TEXT PRIMARY KEY,
    position      BIGINT NOT NULL,
    name          TEXT NOT NULL,
    category      TEXT NOT NULL,
    scope         TEXT NOT NULL CHECK (scope IN ('vessel', 'room')),
    requirement   TEXT NOT NULL CHECK (requirement IN ('required', 'conditional', 'optional')),
    profiles      TEXT NOT NULL,
    criticality   TEXT NOT NULL CHECK (criticality IN ('high', 'med', 'low')),
    validity_days BIGINT,
    warn_days     BIGINT,
    gate          TEXT NOT NULL CHECK (gate IN ('clearance', 'planning', 'arrival', 'mooring', 'transfer', 'unmooring',
                                                'documents', 'closed')),
    aliases       TEXT NOT NULL,
    enabled       BOOLEAN NOT NULL,
    basis         TEXT NOT NULL
);

-- Slots: what a type asks of a vessel, or of the room. The type's terms are copied when the slot
-- opens, so that a change of the catalogue changes no operation under way.
CREATE TABLE documents (
    id            TEXT PRIMARY KEY,
    room_id       TEXT NOT NULL REFERENCES rooms (id),
    vessel_id     TEXT REFERENCES vessels (id),
    document_type TEXT NOT NULL REFERENCES document_types (code),
    position      BIGINT NOT NULL,
    name          TEXT NOT NULL,
    category      TEXT NOT NULL,
    requirement   TEXT NOT NULL CHECK (requirement IN ('required', 'conditional', 'optional')),
    criticality   TEXT NOT NULL CHECK (criticality IN ('high', 'med', 'low')),
    validity_days BIGINT,
    warn_days     BIGINT,
    gate          TEXT NOT NULL CHECK (gate IN ('clearance', 'planning', 'arrival', 'mooring', 'transfer', 'unmooring',
                                                'documents', 'closed')),
    waived_reason TEXT,
    waived_by     TEXT,
    waived_at     {{time}},
    opened_at     {{time}} NOT NULL
);
CREATE UNIQUE INDEX idx_documents_slot ON documents (room_id, document_type, COALESCE(vessel_id, ''));

-- Uploaded files: never changed. `expires_on` is a day as text, the last on which it is valid.
CREATE TABLE document_versions (
    id             TEXT PRIMARY KEY,
    document_id    TEXT NOT NULL REFERENCES documents (id),
    number         BIGINT NOT NULL,
    file_url       TEXT NOT NULL UNIQUE,
    file_name      TEXT NOT NULL,
    file_kind      TEXT NOT NULL CHECK (file_kind IN ('pdf', 'jpg', 'png', 'tiff', 'docx', 'xlsx')),
    file_size      BIGINT NOT NULL,
    sha256         {{bytes}} NOT NULL,
    expires_on     TEXT,
    expiry_assumed BOOLEAN NOT NULL,
    notes          TEXT,
    -- Of a notice to the coastal State: the ETA that it tells.
    told_eta       {{time}},
    uploaded_by    TEXT NOT NULL,
    uploader_role  TEXT NOT NULL CHECK (uploader_role IN ('owner', 'broker', 'charterer', 'seller', 'buyer', 'admin')),
    uploaded_at    {{time}} NOT NULL,
    UNIQUE (document_id, number)
);

-- Verdicts of parties on versions: one follows another, none is changed. `seq` is their order.
CREATE TABLE decisions (
    id         TEXT PRIMARY KEY,
    version_id TEXT NOT NULL REFERENCES document_versions (id),
    seq        BIGINT NOT NULL,
    party      TEXT NOT NULL,
    role       TEXT NOT NULL CHECK (role IN ('owner', 'broker', 'charterer', 'seller', 'buyer', 'admin')),
    verdict    TEXT NOT NULL CHECK (verdict IN ('approved', 'approved_with_subjects', 'rejected')),
    comment    TEXT,
    decided_at {{time}} NOT NULL,
    UNIQUE (version_id, seq)
);

INSERT INTO document_types (code, position, name, category, scope, requirement, profiles, criticality, validity_days,
                            warn_days, gate, aliases, enabled, basis)
VALUES
('Q88', 1, 'Vessel particulars questionnaire (Q88 / VPQ)', 'vetting', 'vessel', 'required', '*', 'high', 30, 7, 'clearance', '', true, 'INTERTANKO screening advice; age is trade practice'),
('STS_CL1', 2, 'STS checklist 1: prior fixture / compatibility questionnaire', 'checklist', 'vessel', 'required', '*', 'high', NULL, NULL, 'clearance', '', true, 'STS plan checklists; new for every operation'),
('SIRE', 3, 'SIRE / CDI inspection report or date', 'vetting', 'vessel', 'conditional', 'oil|chem|lpg_lng', 'med', 365, 30, 'clearance', '', true, 'INTERTANKO screening advice; age is trade practice'),
('CREW_MATRIX', 4, 'Officer matrix', 'crew', 'vessel', 'conditional', 'oil|chem|lpg_lng', 'med', 14, 3, 'clearance', '', true, 'OCIMF officer matrix; age is trade practice'),
('CREW_LIST', 5, 'Crew list', 'crew', 'vessel', 'required', '*', 'low', NULL, NULL, 'planning', '', true, 'new for every operation'),
('CLASS_CERT', 6, 'Class certificate with class status report', 'class', 'vessel', 'required', '*', 'high', 1826, 60, 'clearance', '', true, 'certificate five years; status report 30 days by trade practice'),
('SAFETY_CERT', 7, 'Cargo ship safety certificates', 'statutory', 'vessel', 'required', '*', 'high', 1826, 60, 'clearance', '', true, 'SOLAS'),
('LOAD_LINE', 8, 'International load line certificate', 'statutory', 'vessel', 'required', '*', 'high', 1826, 60, 'clearance', '', true, 'Load Lines Convention'),
('IOPP', 9, 'IOPP certificate with supplement Form B', 'statutory', 'vessel', 'conditional', 'oil', 'high', 1826, 60, 'clearance', '', true, 'MARPOL Annex I'),
('COF', 10, 'Certificate of fitness (IBC / IGC) or NLS certificate', 'statutory', 'vessel', 'conditional', 'chem|lpg_lng', 'high', 1826, 60, 'clearance', '', true, 'IBC and IGC Codes'),
('ISM_SMC', 11, 'Safety management certificate with company DOC', 'statutory', 'vessel', 'required', '*', 'high', 1826, 60, 'clearance', '', true, 'ISM Code'),
('ISSC', 12, 'International ship security certificate', 'statutory', 'vessel', 'required', '*', 'med', 1826, 60, 'clearance', '', true, 'ISPS Code'),
('SOPEP', 13, 'Shipboard oil / marine pollution emergency plan', 'statutory', 'vessel', 'required', '*', 'high', NULL, NULL, 'clearance', 'EMERGENCY_PLAN', true, 'MARPOL; approved revision without an expiry'),
('STS_PLAN', 14, 'Approved STS operations plan', 'statutory', 'vessel', 'conditional', 'oil', 'high', NULL, NULL, 'clearance', '', true, 'MARPOL Annex I reg. 41; approved again when flag or DOC manager changes'),
('P_AND_I', 15, 'P&I certificate of entry', 'insurance', 'vessel', 'required', '*', 'high', 366, 30, 'clearance', 'INSURANCE', true, 'policy year ends 20 February'),
('CLC', 16, 'CLC certificate (with bunker and wreck removal certificates)', 'insurance', 'vessel', 'conditional', 'oil', 'high', 366, 30, 'clearance', '', true, 'oil cargo above 2000 t'),
('SANCTIONS', 17, 'Sanctions screening of vessel, owner, manager and cargo parties', 'compliance', 'vessel', 'required', '*', 'high', 3, 1, 'clearance', '', true, 'run again at every gate; age is trade practice'),
('AIS_DECL', 18, 'AIS continuity declaration', 'compliance', 'vessel', 'required', '*', 'high', NULL, NULL, 'clearance', '', true, 'EU Regulation 833/2014 art. 3eb and 3ec'),
('OWNER_CONSENT', 19, 'Owner / Master clearance reply on the nominated vessel', 'clearance', 'vessel', 'required', '*', 'high', NULL, NULL, 'planning', '', true, 'charterparty STS clauses; new for every operation'),
('COMPAT', 20, 'Ship-to-ship compatibility and mooring study', 'planning', 'room', 'required', '*', 'high', NULL, NULL, 'clearance', '', true, 'new for every pair of vessels'),
('MOORING_PLAN', 21, 'Mooring, general arrangement and manifold drawings', 'planning', 'vessel', 'required', '*', 'high', NULL, NULL, 'clearance', '', true, 'STS plan checklist 1'),
('RISK_ASSESS', 22, 'Operation-specific risk assessment', 'planning', 'room', 'required', '*', 'high', NULL, NULL, 'planning', '', true, 'INTERTANKO screening advice; new for every operation'),
('JPO', 23, 'Joint plan of operation, agreed by both Masters and the POAC', 'planning', 'room', 'required', '*', 'high', NULL, NULL, 'arrival', '', true, 'STS guide; new version on any change'),
('POAC_QUAL', 24, 'POAC / STS superintendent CV and certificates', 'provider', 'room', 'required', '*', 'high', 365, 30, 'planning', '', true, 'MARPOL Annex I reg. 41.4; age is trade practice'),
('FENDER_CERT', 25, 'Fender certificates and inspection log', 'provider', 'room', 'required', '*', 'high', 365, 30, 'planning', '', true, 'ISO 17357-1; age is trade practice'),
('HOSE_CERT', 26, 'Cargo hose test certificates', 'provider', 'room', 'conditional', 'oil|chem|lpg_lng', 'high', 365, 30, 'planning', '', true, 'OCIMF: test interval at most one year'),
('PROVIDER_VER', 27, 'STS service provider verification and insurance', 'provider', 'room', 'optional', '*', 'med', 365, 30, 'planning', '', true, 'age is trade practice'),
('NOTIF_48H', 28, 'Coastal State notification with acknowledgement', 'authority', 'room', 'conditional', 'oil', 'high', NULL, NULL, 'arrival', '', true, 'MARPOL Annex I reg. 42: at least 48 h before; revised when ETA moves more than 6 h'),
('PORT_PERMIT', 29, 'Coastal or port authority permission', 'authority', 'room', 'conditional', '*', 'high', NULL, 7, 'arrival', 'PORT_CLEARANCE', true, 'as stated on the permit'),
('CARGO_SDS', 30, 'Safety data sheet and last cargo of the receiving vessel', 'cargo', 'room', 'required', '*', 'high', NULL, NULL, 'planning', '', true, 'STS plan checklist 1; IMSBC declaration for bulk'),
('CARGO_CERTS', 31, 'Certificates of quantity, quality and origin', 'cargo', 'room', 'required', '*', 'high', NULL, NULL, 'clearance', 'CARGO_MANIFEST', true, 'new for every cargo'),
('LOI', 32, 'Letters of indemnity / charterers'' STS instructions', 'commercial', 'room', 'conditional', '*', 'high', NULL, NULL, 'transfer', '', true, 'new for every operation'),
('BILL_OF_LADING', 33, 'Bills of lading', 'commercial', 'room', 'conditional', '*', 'high', NULL, NULL, 'documents', '', true, 'new for every cargo'),
('STS_CL2', 34, 'STS checklist 2: before operations commence', 'checklist', 'vessel', 'required', '*', 'high', NULL, NULL, 'mooring', '', true, 'STS plan checklists; new for every operation'),
('STS_CL3', 35, 'STS checklist 3: before run-in and mooring', 'checklist', 'vessel', 'required', '*', 'high', NULL, NULL, 'mooring', '', true, 'STS plan checklists; new for every operation'),
('STS_CL4', 36, 'STS checklist 4: before cargo transfer', 'checklist', 'vessel', 'required', '*', 'high', NULL, NULL, 'transfer', '', true, 'STS plan checklists; new for every operation'),
('STS_CL5', 37, 'STS checklist 5: before unmooring', 'checklist', 'vessel', 'required', '*', 'high', NULL, NULL, 'unmooring', '', true, 'STS plan checklists; new for every operation'),
('NOR_SOF', 38, 'Notice of readiness and statement of facts', 'post-operation', 'vessel', 'required', '*', 'high', NULL, 30, 'documents', '', true, 'demurrage claims are barred 90 days after discharge'),
('ULLAGE_SAMPLES', 39, 'Ullage reports before and after, sealed sample receipts', 'post-operation', 'vessel', 'required', '*', 'high', NULL, NULL, 'documents', '', true, 'draft surveys for bulk'),
('PUMP_LOG_LOP', 40, 'Pumping logs and letters of protest', 'post-operation', 'vessel', 'conditional', 'oil|chem|lpg_lng', 'high', NULL, 30, 'documents', '', true, 'demurrage claims are barred 90 days after discharge'),
('HATCH_TEST', 41, 'Hatch cover tightness test', 'statutory', 'vessel', 'conditional', 'bulk', 'med', 365, 30, 'clearance', '', true, 'age is trade practice'),
('CRANE_CERT', 42, 'Crane and cargo gear certificates', 'statutory', 'vessel', 'conditional', 'bulk', 'med', 365, 30, 'clearance', 'LIFTING_GEAR', true, 'age is trade practice'),
('ESD_LINK_TEST', 43, 'ESD link test record', 'planning', 'room', 'conditional', 'lpg_lng', 'high', NULL, NULL, 'transfer', '', true, 'new for every operation'),
('CUSTOMS_DOCS', 44, 'Customs documents', 'authority', 'room', 'optional', '*', 'low', NULL, NULL, 'documents', '', false, ''),
('BUNKER_RECEIPT', 45, 'Bunker receipt', 'commercial', 'vessel', 'optional', '*', 'low', NULL, NULL, 'documents', '', false, ''),
('WEATHER_ROUTING', 46, 'Weather forecast and routing', 'planning', 'room', 'optional', '*', 'med', 2, 1, 'arrival', '', false, ''),
('PRICE_CAP_ATTEST', 47, 'Price cap attestation', 'compliance', 'room', 'optional', 'oil', 'med', NULL, NULL, 'clearance', '', false, '');

//! Cue words: kinds of everyday words, in four languages at once, that name no concept by themselves but tell
//! what a passage is made of: nationalities, kin, work, notices. The tagger's model learns what each kind
//! says for each concept, so "a nationality and a word of work" can show migrant workers where
//! no term of the taxonomy stands.
//!
//! They are code and not part of the taxonomy, since a word here is no evidence of anything alone.

use std::collections::HashMap;

/// How many kinds there are.
pub const CUE_COUNT: usize = 15;

/// The kinds: name and words, folded; a star ends a beginning that any letters may follow.
const CUES: [(&str, &str); CUE_COUNT] = [
    (
        "nationalities",
        "abeba abidjan abuja accra addis afgan* afghan* africain* african* agadez alban* aleppo alessandria \
         alger algeri* amman amritsar angol* ankara arab* armen* asiatic* asmara asuncion avana baghdad baku \
         bamako bambara bangkok bangla* banjul beirut belgrado bengal* bengasi benines* birman* bishkek \
         bogota bolivi* brasil* brazil* bresil* bucarest burkin* burmes* cairo cambod* cambog* camerou* \
         camerun* capoverdian* caracas cartum casablanca cebu chadian* chilen* chines* chino* chisinau \
         chittagong ciadian* cilen* cines* cingal* ciudad cochabamba colomb* conakry congo* cotonou cubain* \
         cuban* curd* dacca dakar damasco damascus dari delhi dhaka domenican* dominicain* dominican* douala \
         durazzo dushanbe ecuador* ecuato* egipc* egizian* egypt* equator* erevan eritre* ethiop* etiop* \
         etranger* extranjer* filipin* filippin* foreign* freetown gabon* gambi* georgia georgian* georgien* \
         ghan* giacarta goma guatemal* guayaquil guine* habana haiti* hanoi haratin hargeisa hazara herat \
         hindi hondur* iasi indian* indien* indones* irachen* irak* iran* iraq* islamabad ispanofon* istanbul \
         ivoirien* ivorian* izmir jakarta juba kabul kampala karachi kathmandu kayes kenian* keny* kerala \
         kharkiv khartoum khouribga kiev kigali kinshasa kirghis* kosov* kumasi kurd* kyiv kyrgyz* lagos \
         lahore lanka* laos latinoam* leban* leone* leopoli liban* liberia liberian* libic* libreville libya* \
         libye* lima lingala lome luanda ludhiana lviv macedon* maghreb* magreb* malays* mali malian* malien* \
         managua mandinka manila maracaibo marfil* maroc* marroq* mauritan* medellin messican* mexic* \
         mogadiscio mogadishu moldav* moldov* monrovia moroc* mozambic* mumbai nairobi ndjamena nepal* niamey \
         nicarag* nigeri* nouakchott odessa oltremare oltreoceano oran ouagadougou ougand* outremer overseas \
         pakist* panjab* paquist* paraguay* pashtun paz pechino peru* philipp* polac* polish polon* praia \
         pristina pulaar punjab* quito rabat rohing* roman* romen* roumain* ruman* rumen* russofon* saigon \
         salvador* sarajevo scutari senegal* serb* sfax shanghai sierra sikh singal* siri* skopje smirne \
         somal* soudan* srilank* straniera straniere stranieri straniero subsahar* sudameric* sudan* swahili \
         sylhet syri* tamil* tanger tangeri tanzan* tashkent tbilisi tchad* tegucigalpa teheran tehran thai* \
         thies tibet* tigrin* tijuana tirana togo* touba tripoli trujillo tunec* tunis* turc* turk* ucrain* \
         ucran* ugand* ukrain* urdu uzbek* venezuel* vietnam* wenzhou wolof yangon yaounde yemen* zimbab*",
    ),
    (
        "given names",
        "abbas abdallah abdel abdi abdirahman abdou abdoulaye abdul abdullah abdur abeba abel abena aboubacar \
         abubakar adaeze adama adenike adji adjoa adrian agron ahmad ahmed aicha aida aisha aissatou akbar \
         akosua akter akua alassane albana aleksander aleksandr ali aliaksandr alina aliou alioune alisher \
         almaz alpha altin ama amadou amaka amelia amina aminata amir amit ana analyn anastasia anca andreea \
         andrei andriy anila anita anjali anta anwar arben arif arjan arjun arnel arta artan artur asha ashok \
         ashraf asif asmeret assane aster astou aung awa aya ayaan ayan aziza azizullah babacar babul badou \
         bah bakary bakhtiyar baljit balwinder bardhyl barry bashar bashir bassam beatriz begum bekim belkis \
         benigno bereket berhane besnik bikash bilal bilkis biniam binta bintou birame bishnu blanca blerim \
         blerta blessing bogdan bogdana bohdan boubacar boyan bozena bubacar bukola camara camilo carlos \
         carmen chathura cheikh cheikhou chen chiamaka chidi chika chinedu chukwu cisse conde consuelo \
         corazon cosmin costel costin coumba daciana danuta dawit dayana deepak dela demba denys deqa \
         desislava desta dhan diallo diego dieynaba dilip dilnoza dilshan dima diop djeneba dmytro doina \
         dolores dorin dorota doudou drita dritan dumitru ebuka edgardo edlira edmond edwin efosa ekene elira \
         elkin elsa elvira emeka emilio enkeleda erion erlinda ernesto esmeralda esperanza esther evaristo \
         evelyn ewa fabiola faduma fadumo fahim fall fanta farah farhad farid farrukh fatemeh fatima fatma \
         fatos fatou fatoumata favour fei feng ferdinand ferdousi fereshteh feven filmon florica florin \
         flutura freddy freshta freweini funmi galina gentian georgeta georgi gerardo gezim ghassan gheorghe \
         ghirmay gholam gica gita gladys godwin gopal gora graciela grazyna guadalupe gulnara gurdeep \
         gurpreet habib habibur hadja haifa haile hala halima halina halyna hamed hamid hamidullah hamza \
         hanan hanin hanna hardeep hari harpreet hasina hassan hawa hector heriberto hiba hibo hicham hind \
         hiwot hodan hong hossain houda htet hu hua hussein ibra ibrahim ibrahima idrissa ifeoma ifrah ihor \
         ikechukwu ikram ileana ilir imad imane imelda indira ines inna ioana ion ionel ionut iqbal irina \
         irma iryna isidro islam ismail ismaila issa iulian iuliia ivanka iyad jadwiga jagdish jahanara jairo \
         jalal jalloh jama jamal jamshid jasmine jaspreet jaswinder javad jawad jean-baptiste jericho jhon \
         jhonatan jia jian jihad jing joaquin jocelyn jolanta jorge jose josefina juan jumana jun kabir kader \
         kadiatou kamal kamala kamla kamran karim karima katarzyna kateryna kaur keila keita kelechi kelly \
         kenza khadija khadim khadra khaled khalid khan khin khurshid kidane kiran klodian koffi kofi kone \
         kouassi krishna krystyna kumar kwaku kwame lahcen lakhwinder lakshmi laleh lamia lamine lan larysa \
         lassana lavinia laxmi layla ledian lei leidy leila lemlem leonel lesia letebrhan leticia li liban \
         liezl lin lina ling linh liton liubov liudmyla liviu liya loredana lorna loubna lourdes lubna \
         ludmila luis luisa lulzim luminita lupe luzmila luzviminda lyuba lyudmila maha mahad mahmoud maikel \
         maimouna majlinda makan maksym malgorzata malick mamadou mamady mame manjit manpreet marek mariam \
         mariama marian maricar maricel marie-ange marieme marilou maritza marius mariya marlene marwan \
         maryam masoud massoud masud maya mayra mazen meaza meena mehdi mehedi mehret mei melchor mercedes \
         mercy merhawi meron miguel mihaela mihai mihret mikael milagros mimoza mina ming mingmei minh mircea \
         mirela miriam miroslaw mirta mirwais mizan mizanur moctar modou mohamed mohammed mohan mohsen monir \
         morteza mosharraf mouaz mouhamed mouna mourad moussa muhammad mukesh mulu mulugeta munira mustafa \
         mustapha mykola myo nabil nadia nadim nadiya nafi naim naima najat najib najibullah nargis nasima \
         nasir nasrin natalia nataliia nataliya nawal nazma nazrul ndeye ndiaga ndiaye nene nenita nestor \
         ngozi nguyen nicoleta nicu nidia nimal nimo ning nirmala nnamdi nneka noemi noor norma nour nubia \
         nur nura nuwan obinna okafor okonkwo oksana ola oleh oleksandr olena olga olha olta olu olumide omar \
         omid omotola orlando osama osas osaze oscar ouattara oumar oumou oumy ousman ousmane oussama ovidiu \
         oxana paola paramjit parminder parveen parwana pedro penda perla petro petru ping piotr plamen pooja \
         prakash precious priya qais qasim qiang qing rachid radu rafiq rafiqul rahel rahim rahima rajesh \
         rakesh raluca rama ramatou rami ramil ramin ramiro ramona randa rania raquel rashid rashida ravi \
         rawan razvan redouane reem rekha remedios reynaldo reza rigoberto rima robel rocio rodel rodica \
         rodrigo rogelio rokeya rokia rong rosalba rosalie rosario rovena rowena roxana roya rubel ruben rubi \
         ruslan rustam ruth saba sabina sadio safa sahra said saida sajjad salah salam salif salim saliou \
         salma samba sami samim samir samira samson samuel sandeep sanduni sanjay santosh saul sawsan segundo \
         sekou selam selina semhar senait senay sergiu serhiy serigne seydou shabnam shafiq shahana shahzoda \
         shakila shamim shan shanti shirin shpresa shyam sidi silviu simret singh sita skender soda sofiane \
         sohrab sokhna soledad sorin soukaina souleymane sow stepan stoyan success sukhwinder suleiman \
         sultana sunil suresh surinder svetlana sylla taiwo tamara tamba tanvir tao taoufik tara taras tarek \
         tariq taslima tatiana tekle teodoro teresa teresita tesfay tesfaye tetiana tewolde thierno thilini \
         thu tidiane tigist timur tomas tomasz tran traore tsegay tsehay tsvetan tudor tunde uche uddin umar \
         usha valbona valentyna valeriu vasile vasyl vera vijay viktor viktoria vilma viorica vira vlad \
         volodymyr wael wafa wahid wang warsame wei weldu wen widnel wieslaw wilmer wilner wilson wissam \
         xhevahir xia xiao xiaoling xin xiomara xu yacine yadira yamileth yan yang yanira yao yara yaroslav \
         yasmin yasmine yassine yaw yaya yazan yenny yero yesenia yesica yevhen ying ylli yoel yohannes \
         yolanda yonas yordan yordanos yoro youssef youssou yu yuan yuleidy yuli yulia yusra yussuf yusuf \
         zabihullah zahid zahir zahra zakaria zakia zakir zamira zana zarghuna zarina zaynab zbigniew zewdi \
         zeynab zhang zhi ziad zineb zoia zoriana zulma",
    ),
    (
        "women",
        "badante badanti braccianti chica chicas colf daughter domestica domestiche donna donne ella ellas \
         elle elles embarazada enceinte epouse esposa female femenin* feminin* femme femmes femminil* figlia \
         figlie fille filles girl girls her hermana hija incinta incinte infermiera infermiere lavoratrice \
         lavoratrici lei levatrice madre madri maid maids mamma mamme mere meres midwife mogli moglie mother \
         mothers mujer mujeres nina ninas nonna operaia operaie ostetrica partoriente pregnant ragazza \
         ragazze sarta sarte she sister soeur sorella sorellanza sorelle sposa straniere studentessa vedova \
         vedove veuve viuda widow wife wives woman women",
    ),
    (
        "children",
        "adolescent* alumn* alunn* asilo bambin* banco bebe boy boys child childhood children classe compagn* \
         diciassettenne diciottenne dodicenne ecolier* elementari eleve eleves enfance enfant enfants \
         fanciull* infancia infanzia kid kids maestra menor menores mineur* minor minore minorenn* minori \
         minors neonat* nina ninas ninez nino ninos pupil pupils quattordicenne quindicenne ragazzin* \
         schoolchild* scolar* scuola sedicenne teenager* toddler* tredicenne undicenne",
    ),
    (
        "kin",
        "abuel* aunt brother* coniug* cousin* cugin* daughter* esposa esposo famigli* famil* father femme \
         figli figlia figlie figlio fille fils fratell* frere* genitor* grand* hermana* hermano* hija hijas \
         hijo hijos husband kin madre mari marido marito mere moglie mother nipot* nonn* oncle padre parent* \
         pere prima primo relatives sister* soeur* son sons sorell* suocer* tante tia tio tios uncle wife zia \
         zii zio",
    ),
    (
        "return",
        "back homecoming rapatri* regres* reinser* reinstall* reintegr* rentr* repatri* retorn* retour* \
         return returned returnee* returning revenu* rientr* rimpatri* ritorn* torna tornano tornare tornat* \
         volver volvio vuelta vuelto vuelve",
    ),
    (
        "work",
        "assunt* assunzion* badant* bracciant* builder* busta campi cantier* chantier* cleaner* colf \
         contract* contrat* cosecha* cuoc* embauch* emple* emplo* fabbric* fabrica facchin* factory farm* \
         harvest* hired hiring impieg* job jobs jornaler* labour* lavor* magazzin* manodopera mestier* \
         muratore nurse* obra obras obrer* operai* ouvrier* paga paghe raccolt* recolte* saisonnier* salair* \
         salari* serra serre shift* stagional* stipendi* sueldo* temporer* trabaj* travail* turni turno usine \
         vendemmi* wage* warehouse* work*",
    ),
    (
        "firms",
        "agency albergh* aziend* banca bancari* banche banco bancos bank* banque* business* cantina cliente \
         clienti commerci* compan* contractor* cooperativ* datore datori ditta ditte dueno* empleador* \
         employer* employeur* empres* entrepris* fabbric* factory firm firms gerant* impres* magasin* \
         manager* mercato negocio* negozi* owner* padron* patron* recruiter* ristorant* shop* soci societe \
         socio store tienda* titolare vendit*",
    ),
    (
        "schools and clinics",
        "ambulator* assistent* clinic* counsellor* docent* doctor* ecole* educador* educat* enfermer* \
         enseignant* escuel* hopital* hospital* infermier* infirmi* insegnant* instit* interpreter* maestr* \
         medecin* mediador* mediat* medic* midwi* nurse* ospedal* preside profesor* professor* pronto \
         psicolog* psycholog* reparto school* scuol* social sportello teacher*",
    ),
    (
        "crime",
        "accused acusad* anni* arrest* banda complic* condamn* condannat* condenad* contraffatt* convicted \
         debito detenid* escroc* estaf* estors* extort* fake falsa falsas false falsi falso falsos fausse* \
         faux forg* fraud* gang* imputat* indagat* minacc* passeur* pena prevenu* processo procura rancon* \
         ransom* red rescate reseau riscatt* sentenced sequestr* sfrutt* smuggl* traffi* traficant* tratant* \
         tribunale truff*",
    ),
    (
        "notices",
        "agenda allegati allegato anexo annex annexe aparcamiento apert* appalto appel ascenseur ascensor* \
         autobus avis aviso avvisi avviso bando biblioteca bid* binario booking browser candidatur* catalogo \
         catering centralino cerrad* chius* closed convocatoria cookie* copyright curriculum deadline \
         elevator errata erratum fe* fornitura gara glosario glossario glossary graduatoria horaire* horario* \
         hours index indice informativa lift lotto maintenance mantenimiento manutenzione modulo notice \
         offres opening orari orario parcheggi* parking password plazo prenotare prenotat* prenotazion* \
         printer protocollo refusi refuso reservation riscaldamento room rooms sala salle scadenza scadenze \
         stampante tender timetable tipograf* toner treni treno typo utenti vacancies vacancy webmaster",
    ),
    (
        "law",
        "act arret article articolo articulo bill codice comma congreso court decree decret* gazzetta \
         gobierno gouvernement government governo law laws legge leggi ley leyes loi lois minister* ministr* \
         norma norme parlamento parlement parliament permesso permiso* permit* prefett* questura quota* quote \
         regolamento ricorso ruling sentencia sentenza statute tribunal visa* visti visto",
    ),
    (
        "the world",
        "asamblea assemblea assemblee assembly compact geneva geneve ginebra ginevra global* monde mondial* \
         mondo mundial* mundo naciones nations nazioni new onu pacte pacto patto secretary segretario unidas \
         unies unite united world* york",
    ),
    (
        "body and mind",
        "blood body cold corpo corps cried cry* cuerpo dead dolor* douleur dream* eyes faim fame fear febbre \
         freddo frio froid hambre hand hands hunger lacrim* llor* main mains mani mano manos miedo mort morta \
         morti morto morts muert* name night noche nombre nome notte notti nuit occhi ojos pain paura peur \
         piang* pianto pleur* rev* ricord* sangue sete silence silencio silenzio sleep sogn* sommeil sonno \
         sueno yeux",
    ),
    (
        "neighbours",
        "abitant* aldea* barrio circolo cittadin* condominio cortile courtyard ensemble festa fete fiesta \
         habitant* insieme juntos neighbor* neighbour* orto paese parrocchi* piazza place plaza pueblo* \
         quartier* residenti residents square street townspeople vecin* vicin* village* villaggio voisin*",
    ),
];

/// The kind whose words must be capitalised: names.
const CAPITALISED: &str = "given names";

/// The letters under which beginnings are filed.
const PREFIX_KEY: usize = 2;

/// The cue words, ready to be looked up.
#[derive(Debug)]
pub struct Cues {
    words: HashMap<&'static str, u32>,
    prefixes: HashMap<&'static str, Vec<(&'static str, u32)>>,
    capitalised: u32,
}

impl Cues {
    /// Makes the words ready.
    pub fn new() -> Cues {
        let mut cues = Cues { words: HashMap::new(), prefixes: HashMap::new(), capitalised: 0 };
        for (kind, (name, words)) in CUES.iter().enumerate() {
            let bit = 1u32 << kind;
            if *name == CAPITALISED {
                cues.capitalised |= bit;
            }
            for word in words.split_whitespace() {
                match word.strip_suffix('*') {
                    Some(prefix) => {
                        let key = prefix.get(..PREFIX_KEY).unwrap_or(prefix);
                        cues.prefixes.entry(key).or_default().push((prefix, bit));
                    }
                    None => *cues.words.entry(word).or_default() |= bit,
                }
            }
        }
        cues
    }

    /// The kinds of a folded word, one bit each.
    pub fn of(&self, folded: &str) -> u32 {
        let mut kinds = self.words.get(folded).copied().unwrap_or(0);
        let prefixes = folded.get(..PREFIX_KEY).and_then(|key| self.prefixes.get(key));
        for (prefix, bit) in prefixes.into_iter().flatten() {
            if folded.starts_with(prefix) {
                kinds |= bit;
            }
        }
        kinds
    }

    /// The kinds that count only where the word has a capital letter.
    pub fn capitalised(&self) -> u32 {
        self.capitalised
    }

    /// The name of a kind.
    pub fn name(kind: usize) -> &'static str {
        CUES[kind].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_words_and_beginnings() {
        let cues = Cues::new();
        let kind = |name: &str| 1 << (0..CUE_COUNT).find(|&kind| Cues::name(kind) == name).unwrap_or(31);
        assert_eq!(cues.of("maliano") & kind("nationalities"), kind("nationalities"));
        assert_eq!(cues.of("moglie") & kind("kin"), kind("kin"));
        assert_eq!(cues.of("moglie") & kind("work"), 0);
        assert_eq!(cues.of("moussa"), cues.capitalised());
        assert_eq!(cues.of("x"), 0);
    }
}
